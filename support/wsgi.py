import os

from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application

from support.sqlite.held_open import hold_open

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support.settings")

application = get_wsgi_application()
request_started.connect(hold_open)
