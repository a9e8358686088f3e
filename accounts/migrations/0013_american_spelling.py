from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0012_ledger_lines'),
    ]

    operations = [
        migrations.AlterField(
            model_name='consent',
            name='purpose',
            field=models.CharField(choices=[('reminders', 'Reminders'), ('changes', 'Moved and canceled dates'), ('facilitator', 'Messages from the facilitator')], max_length=16, verbose_name='purpose'),
        ),
    ]
