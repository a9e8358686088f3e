// Reads [{content, start, end}] from the file named first, and writes to the one named second from when to when ical.js
// (the reader of Thunderbird and Nextcloud) has each entry that starts in [start, end), in milliseconds, sorted.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const ICAL = createRequire(`${process.cwd()}/`)("ical.js");

function spansOf({ content, start, end }) {
  const calendar = new ICAL.Component(ICAL.parse(content));
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone);
  }
  const events = calendar.getAllSubcomponents("vevent").map((each) => new ICAL.Event(each));
  const masters = events.filter((event) => !event.isRecurrenceException());
  const spans = [];
  const keep = (from, to) => {
    const span = [from.toJSDate().getTime(), to.toJSDate().getTime()];
    if (start <= span[0] && span[0] < end) {
      spans.push(span);
    }
  };
  for (const master of masters) {
    for (const event of events) {
      if (event.isRecurrenceException() && event.uid === master.uid) {
        master.relateException(event);
      }
    }
    if (!master.isRecurring()) {
      keep(master.startDate, master.endDate);
      continue;
    }
    const iterator = master.iterator();
    for (let next = iterator.next(); next; next = iterator.next()) {
      // A moved date may come sooner than the rule has it: two days on is enough.
      if (next.toJSDate().getTime() > end + 2 * 86400e3) {
        break;
      }
      const details = master.getOccurrenceDetails(next);
      keep(details.startDate, details.endDate);
    }
  }
  return spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

const [given, found] = process.argv.slice(2);
writeFileSync(found, JSON.stringify(JSON.parse(readFileSync(given, "utf8")).map(spansOf)));
