// Starts a live page where its link stands. Without JavaScript the link opens the page itself.
"use strict";

const SMALLEST = 480; // pixels, while the page loads and where its height cannot be read

/** Puts the live page in the place of its link, as high as what it shows. */
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
  });
  frame.src = link.href;
  block.replaceChildren(frame);
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
