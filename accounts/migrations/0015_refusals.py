import json

from django.conf import settings
from django.db import migrations, models


from accounts.fields import lookup_hash
from support import clock

#: What was said of these before: "no such mailbox", of any server that said no without an enhanced code. Most often it
#: meant us ("550 relay not permitted"), and nothing could be sent to the address ever again.
UNSURE = [f"Refused by the mail server ({code})" for code in (550, 551, 553)]


def lift_the_unsure(apps, schema_editor):
    """Let messages go again to the addresses that one bare 550, 551 or 553 had ended; whatever is dead is refused anew.

    The ledger hears of it, so that restoring a backup does not bring them back.
    """
    database = schema_editor.connection.alias
    suppressions = apps.get_model('accounts', 'Suppression').objects.using(database)
    mine = suppressions.filter(channel='email', reason__in=UNSURE)
    key = lookup_hash('ledger', settings.CONTACT_KEYS[0])[:8]
    at = clock.now().isoformat()
    lines = [
        {'at': at, 'word': 'lifted', 'subject': row.value_hash, 'about': 'email', 'reason': row.reason, 'key': key}
        for row in mine.iterator()
    ]
    line = apps.get_model('accounts', 'LedgerLine')
    line.objects.using(database).bulk_create([line(line=json.dumps(each)) for each in lines], batch_size=500)
    mine.delete()


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0014_user_has_own_zone'),
    ]

    operations = [
        migrations.CreateModel(
            name='Refusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'Email'), ('sms', 'Text message'), ('push', 'Notification')], max_length=8)),
                ('value_hash', models.CharField(max_length=64)),
                ('answer', models.CharField(max_length=80)),
                ('is_soft', models.BooleanField()),
                ('on_day', models.DateField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'refusal',
                'verbose_name_plural': 'refusals',
            },
        ),
        migrations.RemoveConstraint(
            model_name='accessrecord',
            name='access_action_known',
        ),
        migrations.RemoveConstraint(
            model_name='purge',
            name='purge_kind_known',
        ),
        migrations.AddField(
            model_name='suppression',
            name='answer',
            field=models.CharField(blank=True, default='', max_length=80),
        ),
        migrations.AlterField(
            model_name='accessrecord',
            name='action',
            field=models.CharField(choices=[('saw_roster', 'saw your name on the list of people coming'), ('saw_account', 'looked at your account'), ('changed_account', 'changed your account'), ('saw_messages', 'checked what happened to your messages'), ('changed_messages', 'sent again or stopped a message to you'), ('lifted_block', 'let messages go to your address or number again')], max_length=16, verbose_name='what'),
        ),
        migrations.AlterField(
            model_name='purge',
            name='kind',
            field=models.CharField(choices=[('unconfirmed_accounts', 'accounts that nobody confirmed'), ('unconfirmed_guests', 'guests who never confirmed'), ('idle_people', 'people not seen for long, after a notice'), ('attendance', 'past places, made nobody’s'), ('inbound_texts', 'text messages that came in'), ('exports', 'copies of what is kept'), ('access_records', 'records of who looked'), ('sessions', 'sign-ins that ended'), ('refusals', 'refusals by mail servers')], max_length=24, verbose_name='what'),
        ),
        migrations.AddIndex(
            model_name='suppression',
            index=models.Index(fields=['-created_at', '-id'], name='suppression_newest'),
        ),
        migrations.AddConstraint(
            model_name='accessrecord',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['saw_roster', 'saw_account', 'changed_account', 'saw_messages', 'changed_messages', 'lifted_block'])), name='access_action_known'),
        ),
        migrations.AddConstraint(
            model_name='purge',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['unconfirmed_accounts', 'unconfirmed_guests', 'idle_people', 'attendance', 'inbound_texts', 'exports', 'access_records', 'sessions', 'refusals'])), name='purge_kind_known'),
        ),
        migrations.AddIndex(
            model_name='refusal',
            index=models.Index(fields=['at'], name='refusal_at'),
        ),
        migrations.AddConstraint(
            model_name='refusal',
            constraint=models.UniqueConstraint(fields=('channel', 'value_hash', 'is_soft', 'on_day'), name='refusal_once_a_day'),
        ),
        migrations.AddConstraint(
            model_name='refusal',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['email', 'sms', 'push'])), name='refusal_channel_known'),
        ),
        migrations.RunPython(lift_the_unsure, migrations.RunPython.noop),
    ]
