from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('meetings', '0007_forget_free_pages'),
    ]

    operations = [
        migrations.AlterField(
            model_name='format',
            name='category',
            field=models.CharField(choices=[('programme', 'How it runs'), ('location', 'The place'), ('audience', 'Who it’s for'), ('openness', 'Open or closed'), ('language', 'Language')], default='programme', max_length=10, verbose_name='category'),
        ),
        migrations.AlterModelOptions(
            name='favourite',
            options={'verbose_name': 'favorite', 'verbose_name_plural': 'favorites'},
        ),
        migrations.AlterField(
            model_name='occurrence',
            name='status',
            field=models.CharField(choices=[('scheduled', 'On'), ('cancelled', 'Canceled')], default='scheduled', max_length=10, verbose_name='status'),
        ),
        migrations.AlterField(
            model_name='signup',
            name='status',
            field=models.CharField(choices=[('pending', 'Not confirmed yet'), ('confirmed', 'Confirmed'), ('waitlisted', 'On the waitlist'), ('offered', 'A place is offered'), ('cancelled', 'Canceled')], default='pending', max_length=10, verbose_name='status'),
        ),
        migrations.AlterField(
            model_name='venue',
            name='district',
            field=models.CharField(blank=True, max_length=120, verbose_name='borough or neighborhood'),
        ),
        migrations.AlterField(
            model_name='venue',
            name='postal_code',
            field=models.CharField(blank=True, max_length=20, verbose_name='ZIP code'),
        ),
    ]
