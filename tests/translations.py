"""Collects what pages and messages say, and keeps the Spanish of it whole: see script/translate.

Django's own makemessages needs GNU gettext, which a fresh machine has not: Python is read as a syntax tree, templates
as Django itself turns them into calls, and polib writes both files. Entries are sorted and name files without lines, so
that a change shows as what it is. Pages with scripts hand their words to them in attributes; scripts have none.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import allauth
import django
import polib
from django.utils.translation.template import templatize

from tests.helpers import syntax

ROOT = Path(__file__).resolve().parent.parent
PO_FILE = ROOT / "support" / "locale" / "es" / "LC_MESSAGES" / "django.po"
MO_FILE = PO_FILE.with_suffix(".mo")
FOLDERS = ("accounts", "meetings", "support", "templates")
#: Say it in our own words where theirs clash: Django's and allauth's strings may be translated here as well.
LIBRARIES = (Path(django.__file__).parent, Path(allauth.__file__).parent)
HEADER = {
    "Language": "es",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=2; plural=(n != 1);",
}

#: What each function takes, in order: the context, the message, its plural.
CALLS = {
    "_": "m",
    "gettext": "m",
    "gettext_lazy": "m",
    "gettext_noop": "m",
    "ngettext": "mp",
    "ngettext_lazy": "mp",
    "pgettext": "cm",
    "pgettext_lazy": "cm",
    "npgettext": "cmp",
    "npgettext_lazy": "cmp",
}
_STRING = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
#: A call as templatize writes it.
_CALL = re.compile(rf"\b(_|n?p?gettext)\(\s*({_STRING}(?:\s*,\s*{_STRING})*)")
_PERCENT = re.compile(r"%(?:\((\w+)\))?[-+ #0]*(?:\d+|\*)?(?:\.\d+)?([a-zA-Z%])")
_BRACES = re.compile(r"\{(\w*)\}")


class Message(NamedTuple):
    """One thing said. Two with the same words and another context are two; `plural` is empty without one."""

    context: str
    text: str
    plural: str


def in_python(source: str, name: str) -> Iterator[Message]:
    """Yield what a module says. Raises SyntaxError where a call puts its string together: nobody could find it."""
    for node in ast.walk(syntax.tree(source, name)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        parts = CALLS.get(called)
        if parts is None:
            continue
        given = node.args[: len(parts)]
        if any(isinstance(argument, ast.JoinedStr | ast.BinOp) for argument in given):
            raise SyntaxError(f"{name}:{node.lineno}: {called}() holds no plain string.")
        # What comes in a variable is marked where it is written, or is Django's or allauth's.
        strings = [argument.value for argument in given if isinstance(argument, ast.Constant)]
        if len(strings) == len(parts):
            yield _message(parts, [str(text) for text in strings])


def in_template(source: str, name: str) -> Iterator[Message]:
    """Yield what a template says, as Django's makemessages sees it."""
    for called, strings in _CALL.findall(templatize(source, origin=name)):
        yield _message(CALLS[called], [ast.literal_eval(text) for text in re.findall(_STRING, strings)])


def collect() -> dict[Message, list[str]]:
    """Return everything that our own code says, with the files that say it."""
    said: dict[Message, set[str]] = defaultdict(set)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            for message in _in_file(path, name):
                said[message].add(name)
    # gettext knows one entry for "day" and for "day, days": the one with both forms serves either.
    for message in [message for message in said if message.plural]:
        said[message] |= said.pop(Message(message.context, message.text, ""), set())
    return {message: sorted(names) for message, names in said.items()}


def library_texts() -> set[str]:
    """Return every message that Django and allauth have a Spanish for."""
    files = [file for library in LIBRARIES for file in library.rglob("locale/es/LC_MESSAGES/django.po")]
    return {entry.msgid for file in files for entry in polib.pofile(str(file))}


def catalogue() -> polib.POFile:
    """Return the file of translations as it is, or a new one."""
    po = polib.pofile(str(PO_FILE), wrapwidth=100) if PO_FILE.exists() else polib.POFile(wrapwidth=100)
    po.metadata = dict(HEADER)
    return po


def message_of(entry: polib.POEntry) -> Message:
    return Message(entry.msgctxt or "", entry.msgid, entry.msgid_plural or "")


def texts_of(entry: polib.POEntry) -> list[str]:
    """Return every form of the translation; an empty string is one that is missing."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def missing(po: polib.POFile) -> list[Message]:
    """Return what our code says and the file has no Spanish for."""
    whole = {message_of(entry) for entry in po if not entry.fuzzy and all(texts_of(entry))}
    return sorted(message for message in collect() if message not in whole)


def unused(po: polib.POFile) -> list[Message]:
    """Return what the file translates and nobody says any more."""
    said, theirs = collect(), library_texts()
    return [message_of(entry) for entry in po if message_of(entry) not in said and entry.msgid not in theirs]


def placeholders(text: str) -> list[str]:
    """Return what is filled in later, sorted: `%(name)s`, `%s`, `{name}`; `%%` is a sign like others."""
    percent = [match.group(0) for match in _PERCENT.finditer(text) if match.group(2) != "%"]
    return sorted(set(percent)) + sorted(set(_BRACES.findall(text)))


def tags(text: str) -> list[str]:
    """Return the HTML in a message, sorted: where a link leads is nothing to translate."""
    return sorted(re.findall(r"</?[a-z][^>]*>", text))


def compiled(po: polib.POFile) -> bytes:
    """Return what the .mo file holds where it is as new as the .po file."""
    return bytes(po.to_binary())


def update() -> polib.POFile:
    """Take in new strings, drop those that nobody says any more, and write both files."""
    said, theirs, po = collect(), library_texts(), catalogue()
    known = {message_of(entry): entry for entry in po}
    entries = []
    for message, names in said.items():
        entry = known.pop(message, None) or _entry(message)
        entry.occurrences = [(name, "") for name in names]
        entries.append(entry)
    for message, entry in known.items():
        if message.text in theirs:
            entry.occurrences = []
            entries.append(entry)
    # What is said in our own files first, by file; then what we say otherwise than the libraries.
    entries.sort(key=lambda entry: (not entry.occurrences, entry.occurrences[:1], message_of(entry)))
    fresh = polib.POFile(wrapwidth=100)
    fresh.metadata = dict(HEADER)
    fresh.extend(entries)
    PO_FILE.parent.mkdir(parents=True, exist_ok=True)
    fresh.save(str(PO_FILE))
    MO_FILE.write_bytes(compiled(fresh))
    return fresh


def main() -> None:
    """Bring the files up to date, and say what waits for a translator."""
    po = update()
    waiting = missing(po)
    for message in waiting:
        sys.stdout.write(f"  {message.text!r}\n")
    sys.stdout.write(f"{len(po)} strings, {len(waiting)} without a translation: {PO_FILE.relative_to(ROOT)}\n")
    sys.exit(1 if waiting else 0)


def _in_file(path: Path, name: str) -> Iterator[Message]:
    if path.suffix == ".py":
        if "migrations" not in path.parts:
            yield from in_python(path.read_text(encoding="utf-8"), name)
    elif path.suffix in {".html", ".txt", ".js"} and "static" not in path.parts:
        yield from in_template(path.read_text(encoding="utf-8"), name)


def _message(parts: str, strings: list[str]) -> Message:
    by_part = dict(zip(parts, strings, strict=False))
    return Message(by_part.get("c", ""), by_part["m"], by_part.get("p", ""))


def _entry(message: Message) -> polib.POEntry:
    plural = {0: "", 1: ""} if message.plural else {}
    return polib.POEntry(
        msgctxt=message.context or None,
        msgid=message.text,
        msgid_plural=message.plural,
        msgstr_plural=plural,
        flags=["python-format"] if placeholders(message.text) else [],
    )


if __name__ == "__main__":
    main()
