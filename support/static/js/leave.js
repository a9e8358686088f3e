/* Runs before the page is drawn, and only to keep a page that someone left in a hurry from coming back.
   Leaving replaces the page, but those read before it are still behind the back button; coming back to one of them
   after a quick exit leads out again. Opening the site anew forgets it. Nothing is kept but this tab's own mark. */
(function () {
  "use strict";

  var MARK = "left";

  function mark(value) {
    try {
      if (value === undefined) {
        return sessionStorage.getItem(MARK);
      }
      if (value === null) {
        sessionStorage.removeItem(MARK);
      } else {
        sessionStorage.setItem(MARK, value);
      }
    } catch (error) {
      // Storage is refused (private windows, strict settings): leaving works, coming back is not caught.
    }
    return null;
  }

  // Blank before the other page is there, which may take long: for the eyes, for a screen reader, and for the keyboard.
  // What was typed and not sent goes with the page.
  function hide(words) {
    document.title = "";
    if (!document.body) {
      document.documentElement.hidden = true;
      return;
    }
    var said = document.createElement("p");
    said.className = "visually-hidden";
    said.setAttribute("role", "alert");
    document.body.replaceChildren(said);
    said.textContent = words || "";
  }

  window.leaveQuickly = function (address, words) {
    try {
      sessionStorage.clear();
    } catch (error) {
      // Refused, and so nothing is in it.
    }
    mark(address);
    hide(words);
    window.location.replace(address);
  };

  function turnAway() {
    var address = mark();
    if (address) {
      window.leaveQuickly(address);
    }
  }

  var entry = window.performance && performance.getEntriesByType("navigation")[0];
  if (entry && entry.type === "back_forward") {
    turnAway();
  } else {
    mark(null);
  }
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      turnAway();
    }
  });
})();
