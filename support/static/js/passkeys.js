// Says what happened when a passkey could not be used: allauth only announces it.
document.addEventListener("allauth.error", (event) => {
  const notice = document.querySelector("[data-passkey-failed]");
  if (notice) {
    event.preventDefault();
    notice.hidden = false;
    notice.focus();
  }
});
