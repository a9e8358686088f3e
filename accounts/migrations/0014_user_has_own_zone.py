from django.db import migrations, models


class Migration(migrations.Migration):
    """Accounts that are there already keep the zone they have: whether somebody said it is not known."""

    dependencies = [
        ('accounts', '0013_american_spelling'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='has_own_zone',
            field=models.BooleanField(default=True, verbose_name='time zone was said'),
        ),
        migrations.AlterField(
            model_name='user',
            name='has_own_zone',
            field=models.BooleanField(default=False, verbose_name='time zone was said'),
        ),
    ]
