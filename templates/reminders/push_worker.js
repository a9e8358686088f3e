{% comment %}Text goes in as JSON would write it: escapejs makes a string of anything.{% endcomment %}/* Shows notifications. It intercepts no page and keeps nothing. */
"use strict";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let content = {};
  try {
    content = event.data.json();
  } catch (error) {
    // A browser must show something for each push; say as little as possible.
  }
  event.waitUntil(
    self.registration.showNotification(content.title || "{{ sender_name|escapejs }}", {
      body: content.body || "",
      tag: content.tag || "homegroup",
      data: { url: content.url || "/" },
      icon: "{% static 'img/icon-180.png' %}",
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data.url, self.location.origin);
  if (url.origin === self.location.origin) {
    event.waitUntil(self.clients.openWindow(url.href));
  }
});
