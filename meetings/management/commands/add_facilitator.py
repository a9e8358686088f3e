"""Let somebody run a meeting."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts.models import User
from meetings.models import Meeting


class Command(BaseCommand):
    help = "Make the person with EMAIL a facilitator of the meeting with SLUG (the last part of its address)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("slug")
        parser.add_argument("--remove", action="store_true", help="take it back instead")

    def handle(self, *args: Any, **options: Any) -> None:
        email, slug = options["email"].strip().lower(), options["slug"].strip("/").rsplit("/", 1)[-1]
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError("EMAIL is not an email address.") from error
        meeting = Meeting.objects.filter(slug=slug).first()
        if meeting is None:
            raise CommandError(f"There is no meeting {slug}.")
        user = User.objects.filter(email=email).first()
        if options["remove"]:
            if user is not None:
                meeting.facilitators.remove(user)
            self.stdout.write(f"That person no longer runs {slug}.")
            return
        if user is None:
            user = User.objects.create_user(email, tz=meeting.tz)
        meeting.facilitators.add(user)
        self.stdout.write(f"That person runs {slug} now. They sign in with their address, by an emailed code.")
