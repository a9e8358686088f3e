from django.db import migrations, models


class Migration(migrations.Migration):
    """Participants who are there already keep the zone they have: whether somebody said it is not known."""

    dependencies = [
        ('meetings', '0008_american_spelling'),
    ]

    operations = [
        migrations.AddField(
            model_name='participant',
            name='has_own_zone',
            field=models.BooleanField(default=True, verbose_name='time zone was said'),
        ),
        migrations.AlterField(
            model_name='participant',
            name='has_own_zone',
            field=models.BooleanField(default=False, verbose_name='time zone was said'),
        ),
    ]
