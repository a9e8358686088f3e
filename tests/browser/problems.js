/* What is wrong with the page that is shown, each as one line that names the element: see test_every_page.py. */
(() => {
  "use strict";

  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const TARGET = 44; // CSS pixels, WCAG 2.2, 2.5.5

  const nameOf = (element) => {
    const words = element.innerText || element.ariaLabel || element.name || element.placeholder || "";
    return `<${element.localName}${element.className ? "." + String(element.className).trim().replace(/\s+/g, ".") : ""}> ${words.trim().replace(/\s+/g, " ").slice(0, 50)}`;
  };
  // What is only for screen readers is clipped to a pixel; a box behind a chip is there, and not seen.
  const isSeen = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && box.width > 1 && box.height > 1;
  };
  const seen = (selector) => [...document.querySelectorAll(selector)].filter(isSeen);
  const isPinned = (element) => {
    for (let each = element; each; each = each.parentElement) {
      if (["fixed", "sticky"].includes(getComputedStyle(each).position)) {
        return true;
      }
    }
    return false;
  };
  const scrolls = (element) => {
    for (let each = element.parentElement; each && each !== document.body; each = each.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(each).overflowX)) {
        return true;
      }
    }
    return false;
  };

  // -- What search engines and screen readers are told first ------------------------------------------------------

  function head() {
    const found = [];
    const levels = seen("h1, h2, h3, h4, h5, h6").map((each) => [Number(each.localName[1]), nameOf(each)]);
    const count = levels.filter(([level]) => level === 1).length;
    if (count !== 1) {
      found.push(`${count} h1`);
    }
    let before = 0;
    for (const [level, name] of levels) {
      if (level > before + 1) {
        found.push(`heading of level ${level} after level ${before}: ${name}`);
      }
      before = level;
    }
    if (!document.querySelector("meta[name=description]")?.content.trim()) {
      found.push("no description");
    }
    const isUsed = Boolean(document.querySelector("[hx-get], [hx-post]"));
    if (isUsed !== Boolean(document.querySelector("script[src*=htmx]"))) {
      found.push(isUsed ? "hx- attributes, and no htmx" : "htmx, and no use of it");
    }
    return found;
  }

  // -- Room ---------------------------------------------------------------------------------------------------------

  function placeholderWidth(field) {
    const style = getComputedStyle(field, "::placeholder");
    const ruler = document.createElement("canvas").getContext("2d");
    ruler.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    return ruler.measureText(field.placeholder).width;
  }

  function layout() {
    const found = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) {
      const wide = [...document.body.querySelectorAll("*")].filter(
        (each) => isSeen(each) && each.getBoundingClientRect().right > root.clientWidth + 1 && !scrolls(each));
      found.push(`${root.scrollWidth} px wide in a window of ${root.clientWidth}: ${wide.slice(-3).map(nameOf).join(" | ")}`);
    }
    for (const control of seen(CONTROLS)) {
      const box = control.getBoundingClientRect();
      if ((box.left < -0.5 || box.right > root.clientWidth + 0.5) && !scrolls(control)) {
        found.push(`out of the window by ${Math.round(Math.max(-box.left, box.right - root.clientWidth))} px: ${nameOf(control)}`);
      }
      const isText = control.matches("input, textarea");
      if (!isText && control.localName !== "select" && control.clientWidth && control.scrollWidth > control.clientWidth + 1) {
        found.push(`words ${control.scrollWidth - control.clientWidth} px wider than their box: ${nameOf(control)}`);
      }
      // With very large text only its beginning shows, and the label says what it is.
      if (isText && control.placeholder && !control.value && parseFloat(getComputedStyle(root).fontSize) <= 16) {
        const style = getComputedStyle(control);
        const room = control.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
        if (placeholderWidth(control) > room + 1) {
          found.push(`placeholder cut by ${Math.round(placeholderWidth(control) - room)} px: ${nameOf(control)}`);
        }
      }
    }
    for (const each of document.body.querySelectorAll("*")) {
      const isClipping = /hidden|clip/.test(getComputedStyle(each).overflowX) && !each.matches("input, textarea, svg *");
      if (isClipping && isSeen(each) && each.scrollWidth > each.clientWidth + 1) {
        found.push(`cut: ${nameOf(each)}`);
      }
    }
    return [...found, ...overlaps()];
  }

  // The page, what stays in sight of a form while it is on the screen (test_long_forms.py), and what is over both.
  const layerOf = (element) => (element.closest(".actions--stay") ? "form" : isPinned(element) ? "bar" : "page");

  function overlaps() {
    const boxes = seen("a[href], button, select, textarea, summary, input:not([type=hidden])").filter(
      (each) => !each.closest(".skip-link")).map((each) => [each, each.getBoundingClientRect(), layerOf(each)]);
    const found = [];
    boxes.forEach(([one, a, layer], index) => {
      for (const [other, b, otherLayer] of boxes.slice(index + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        // Lines of inline links touch; a bar over the page is what scrolling is for.
        if (across > 2 && down > 2 && layer === otherLayer && !one.contains(other) && !other.contains(one)
            && !(getComputedStyle(one).display === "inline" && getComputedStyle(other).display === "inline")) {
          found.push(`lies over ${nameOf(other)}: ${nameOf(one)}`);
        }
      }
    });
    return found;
  }

  // -- Targets for a thumb ------------------------------------------------------------------------------------------

  // A link in a sentence is as high as the sentence.
  function isInSentence(link) {
    if (link.localName !== "a" || getComputedStyle(link).display !== "inline") {
      return false;
    }
    let block = link.parentElement;
    while (getComputedStyle(block).display === "inline") {
      block = block.parentElement;
    }
    const around = block.innerText.replace(/\s+/g, " ").length - link.innerText.replace(/\s+/g, " ").length;
    return around > 3;
  }

  // How far a press around the middle still reaches the control: what lies over it, or belongs to it, counts.
  function reach(control, dx, dy) {
    const box = control.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    let far = 0;
    while (far < TARGET / 2) {
      const hit = document.elementFromPoint(x + dx * (far + 1), y + dy * (far + 1));
      if (!hit || !control.contains(hit)) {
        break;
      }
      far += 1;
    }
    return far;
  }

  function smallTargets() {
    const found = [];
    for (const control of seen("a[href], button, select, summary, input:not([type=hidden]), textarea")) {
      const labels = [...(control.labels || [])];
      const boxes = [control, ...labels].map((each) => each.getBoundingClientRect());
      const width = Math.max(...boxes.map((box) => box.right)) - Math.min(...boxes.map((box) => box.left));
      const height = Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top));
      if ((width >= TARGET - 0.5 && height >= TARGET - 0.5) || control.closest(".skip-link") || isInSentence(control)) {
        continue;
      }
      control.scrollIntoView({ block: "center", behavior: "instant" });
      const across = reach(control, 1, 0) + reach(control, -1, 0) + 1;
      const down = reach(control, 0, 1) + reach(control, 0, -1) + 1;
      if (across < TARGET - 1 || down < TARGET - 1) {
        found.push(`target of ${Math.round(width)} × ${Math.round(height)}: ${nameOf(control)}`);
      }
    }
    window.scrollTo({ top: 0, behavior: "instant" });
    return found;
  }

  // -- The keyboard -------------------------------------------------------------------------------------------------

  // Of a group of radio buttons one is a stop.
  function stops() {
    const groups = new Set();
    return [...document.querySelectorAll(`${CONTROLS}, iframe`)].filter((each) => {
      if (each.disabled || each.tabIndex < 0 || !each.checkVisibility({ visibilityProperty: true })) {
        return false;
      }
      if (each.type !== "radio") {
        return true;
      }
      const isFirst = !groups.has(each.name);
      groups.add(each.name);
      return isFirst;
    });
  }

  const walked = { reached: new Set(), control: null, last: null, found: [] };

  // Called after each press of Tab; false once the focus has left the page, or comes round again.
  function step() {
    const control = document.activeElement;
    // A field for a date has three stops of its own.
    if (control === walked.control && control.matches("input:is([type=date], [type=time], [type=datetime-local])")) {
      return true;
    }
    if (control === document.body || control === document.documentElement || walked.reached.has(control)) {
      return false;
    }
    walked.control = control;
    walked.reached.add(control);
    // A chip shows the focus of the box inside it.
    const chip = control.closest(".chip, .choice > label");
    const shown = chip || control;
    // A link that is stretched over its row shows it there.
    const isRinged = ["", "::after"].some((part) => {
      const style = getComputedStyle(shown, part);
      return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    });
    if (!isRinged) {
      walked.found.push(`focus not seen: ${nameOf(control)}`);
    }
    const box = shown.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const top = document.elementFromPoint(Math.min(Math.max(x, 1), innerWidth - 1), Math.min(Math.max(y, 1), innerHeight - 1));
    const cover = top?.closest(".bar, .site-header, .actions--stay");
    if (cover && !cover.contains(shown) && isPinned(top)) {
      walked.found.push(`focus under the bar: ${nameOf(shown)}`);
    }
    if (box.bottom <= 0 || box.top >= innerHeight) {
      walked.found.push(`focus out of sight: ${nameOf(shown)}`);
    }
    // The button of a long form stays in sight, and what comes after it stands below it all the same.
    const isPinnedToo = isPinned(shown) && !shown.closest(".actions--stay");
    const at = { name: nameOf(shown), isPinned: isPinnedToo, top: box.top + scrollY, bottom: box.bottom + scrollY };
    const before = walked.last;
    if (before && (before.isPinned ? !at.isPinned : !at.isPinned && at.bottom <= before.top)) {
      walked.found.push(`focus goes up the page: ${at.name}, after ${before.name}`);
    }
    walked.last = at;
    return true;
  }

  function walk() {
    window.scrollTo({ top: 0, behavior: "instant" });
    const missed = stops().filter((each) => !walked.reached.has(each) && each.type !== "radio");
    return [...walked.found, ...missed.map((each) => `not reached by keyboard: ${nameOf(each)}`)];
  }

  // -- Without scripts ----------------------------------------------------------------------------------------------

  function dead() {
    const found = [];
    const main = document.querySelector("main");
    if (!main || main.innerText.trim().length < 20) {
      found.push("no content");
    }
    for (const form of document.querySelectorAll("form")) {
      const buttons = [...form.elements].filter((each) => each.type === "submit" && isSeen(each));
      // What needs scripts says so, in a <noscript>.
      const isTold = form.querySelector(".needs-scripts") && document.querySelector("noscript");
      if (isSeen(form) && !buttons.length && !isTold) {
        found.push(`a form that cannot be sent: ${form.getAttribute("action") || ""} ${nameOf(form)}`);
      }
    }
    for (const control of seen("button, input, select, textarea, a:not([href])")) {
      const isOwn = control.form && control.type !== "button";
      if (!isOwn && !(control.readOnly || control.popoverTargetElement)) {
        found.push(`does nothing: ${nameOf(control)}`);
      }
    }
    return found;
  }

  window.problems = { head, layout, smallTargets, step, walk, dead };
})();
