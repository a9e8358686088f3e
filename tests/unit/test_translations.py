from __future__ import annotations

import pytest

from tests.translations import Message, in_python, in_template, placeholders, tags


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('_("Find a meeting")', Message("", "Find a meeting", "")),
        ('translation.gettext("Find")', Message("", "Find", "")),
        ('_("One " "sentence")', Message("", "One sentence", "")),
        ('pgettext_lazy("a channel", "Open")', Message("a channel", "Open", "")),
        ('ngettext("%(n)d day", "%(n)d days", n)', Message("", "%(n)d day", "%(n)d days")),
        ('npgettext("a wait", "day", "days", n)', Message("a wait", "day", "days")),
    ],
)
def test_python_says(source: str, message: Message) -> None:
    assert list(in_python(source, "a.py")) == [message]


def test_python_that_translates_a_variable_says_nothing_new() -> None:
    assert list(in_python("_(label)", "a.py")) == []


@pytest.mark.parametrize("source", ['_(f"{count} meetings")', '_("Hello " + name)', '_("%s meetings" % count)'])
def test_python_that_puts_a_message_together_is_refused(source: str) -> None:
    with pytest.raises(SyntaxError, match=r"a\.py:1: _\(\) holds no plain string"):
        list(in_python(source, "a.py"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('{% translate "Save" %}', Message("", "Save", "")),
        ("{% translate 'Say “it”' %}", Message("", "Say “it”", "")),
        ('{% translate "Open" context "a channel" %}', Message("a channel", "Open", "")),
        ('{% include "components/form.html" with submit=_("Save") %}', Message("", "Save", "")),
        ('{{ name|default:_("Guest") }}', Message("", "Guest", "")),
        ("{% blocktranslate %}Moved to {{ day }}{% endblocktranslate %}", Message("", "Moved to %(day)s", "")),
        (
            "{% blocktranslate count n=n %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}",
            Message("", "%(n)s day", "%(n)s days"),
        ),
    ],
)
def test_template_says(source: str, message: Message) -> None:
    assert list(in_template(source, "a.html")) == [message]


def test_template_says_nothing_of_what_is_not_marked() -> None:
    assert list(in_template("<p>Find</p>{{ name }}{# translate #}{% comment %}x{% endcomment %}", "a.html")) == []


def test_placeholders_and_tags_are_found() -> None:
    assert placeholders("%(day)s at 100%% of {place}, %s %d") == ["%(day)s", "%d", "%s", "place"]
    assert tags('<a href="/x/">Here</a>, 1 < 2') == ["</a>", '<a href="/x/">']
