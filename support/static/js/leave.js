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

  window.leaveQuickly = function (address) {
    mark(address);
    document.documentElement.hidden = true;
    document.title = "";
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
