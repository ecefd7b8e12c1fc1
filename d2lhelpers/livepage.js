(picture) => {
  const page = picture.closest(".widget-html-content"), panel = picture.closest(".d2l-panel");
  if (!page || !panel) return;
  page.setAttribute("aria-live", "polite");
  for (const row of panel.querySelectorAll(".widget-inline-hbox")) {
    const name = row.querySelector(".widget-label")?.textContent, handles = row.querySelectorAll(".noUi-handle");
    const readout = row.querySelector(".widget-readout")?.textContent;
    handles.forEach((handle, k) => {
      handle.setAttribute("aria-label", handles.length > 1 ? `${name}, ${["from", "to"][k]}` : name);
      if (readout && handles.length === 1) handle.setAttribute("aria-valuetext", readout);
    });
  }
  panel.querySelectorAll(".widget-play button").forEach((button, k) => {
    button.title = ["Play or pause", "Stop, back to the first", "Repeat"][k];
    button.setAttribute("aria-label", button.title);
  });
  if (window.d2lKeys) return;
  window.d2lKeys = true;
  window.addEventListener("keydown", (event) => {
    if (!event.target.closest?.(".d2l-panel")) return;
    const others = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.key === "Escape";
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !others);
  }, true);
}
