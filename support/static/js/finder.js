/* What the finder does a little better with scripts on.

   "Use my location": asked for on a press alone, and told to this site alone, to about a kilometer. */
(function () {
  "use strict";

  function hidden(form, name, value) {
    var input = form.querySelector("input[name='" + name + "']");
    if (!input) {
      input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      form.appendChild(input);
    }
    input.value = value;
  }

  function offer(root) {
    root.querySelectorAll("[data-position]").forEach(function (line) {
      line.hidden = !("geolocation" in navigator);
    });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-use-position]");
    if (!button) {
      return;
    }
    var form = button.form;
    var status = form.querySelector("[data-position-status]");
    status.textContent = "";
    button.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(
      function (position) {
        button.removeAttribute("aria-busy");
        // Two decimals are about a kilometre: enough to sort by, too little to tell a house.
        hidden(form, "lat", position.coords.latitude.toFixed(2));
        hidden(form, "lon", position.coords.longitude.toFixed(2));
        form.querySelector("input[name='near']").value = "";
        form.submit();
      },
      function () {
        button.removeAttribute("aria-busy");
        status.textContent = status.dataset.refused;
      },
      { maximumAge: 600000, timeout: 10000 }
    );
  });

  // A press of a button shows what it found, as on a page that comes anew: on a phone the choices fold. A box that is
  // ticked shows it too, farther down, and folds nothing: the next one may follow.
  var isPressed = false;

  document.addEventListener("submit", function (event) {
    isPressed = isPressed || event.target.id === "finder-form";
  });

  function show() {
    var fold = document.querySelector(".finder__fold");
    if (!isPressed || !fold || document.querySelector("[data-error-summary]")) {
      return;
    }
    isPressed = false;
    if (fold.offsetParent) {
      fold.open = false;
      window.scrollTo({ top: 0, behavior: "instant" });
    }
    // The button that was pressed may be folded away or be gone: what it found is read next.
    var focused = document.activeElement;
    if (!focused || focused === document.body || !focused.offsetParent) {
      document.getElementById("results").focus({ preventScroll: true });
    }
  }

  offer(document);
  document.addEventListener("htmx:afterSwap", function (event) {
    offer(event.target.parentNode || document);
    show();
  });
})();
