// Starts a live page where its link stands. Without JavaScript the link opens the page itself.
"use strict";

const SMALLEST = 480; // pixels, while the page loads and where its height cannot be read

/** Puts the live page in the place of its link, as high as what it shows, and as light or dark as the site. */
function start(block) {
  const link = block.querySelector(".live-start");
  if (!link) return;
  const frame = document.createElement("iframe");
  frame.title = link.textContent;
  frame.height = SMALLEST;
  frame.addEventListener("load", () => {
    const inside = frame.contentDocument; // null for a site that was opened as files
    if (!inside) return;
    const fit = () => { frame.height = Math.max(SMALLEST, inside.documentElement.offsetHeight); };
    new ResizeObserver(fit).observe(inside.documentElement);
    followTheme(inside);
  });
  frame.src = link.href;
  block.replaceChildren(frame);
}

/** A live page by itself is as the reader's system is. Here it has to follow the switch of the site. */
function followTheme(inside) {
  const rules = [...inside.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule.media?.mediaText.includes("prefers-color-scheme: dark"));
  const follow = () => {
    const dark = document.documentElement.dataset.theme === "dark";
    for (const rule of rules) rule.media.mediaText = dark ? "all" : "not all";
    inside.documentElement.style.colorScheme = dark ? "dark" : "light"; // of sliders and buttons
  };
  follow();
  new MutationObserver(follow).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

// The front page starts its network when a reader comes to it, unless the reader wants to save data.
const arrives = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    arrives.unobserve(target);
    start(target);
  }
});

for (const block of document.querySelectorAll(".live")) {
  block.addEventListener("click", (event) => {
    // With such a key the reader wants another tab or window.
    if (event.ctrlKey || event.metaKey || event.shiftKey || !event.target.closest(".live-start")) return;
    event.preventDefault();
    start(block);
  });
  if ("now" in block.dataset && !navigator.connection?.saveData) arrives.observe(block);
}
