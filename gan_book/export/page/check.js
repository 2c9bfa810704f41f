// A classic script, which every browser runs: it says in one sentence why the modules of this page cannot start.
"use strict";

/** The sentence for a browser, or a way of opening the page, with which it cannot work; null if it can. */
function obstacle() {
  if (location.protocol === "file:") {
    return "This page was opened as a file, and a browser loads no network from a file: run `python -m http.server` " +
      "in its folder and open http://localhost:8000 instead.";
  }
  if (!("noModule" in HTMLScriptElement.prototype) || !window.WebAssembly || !window.DecompressionStream) {
    return "This browser is too old for this page, which needs WebAssembly and DecompressionStream: update it, or use " +
      "another one.";
  }
  return null;
}

/** Shows a sentence in place of the network. */
function showProblem(sentence) {
  document.getElementById("loading").hidden = true;
  var problem = document.getElementById("problem");
  problem.textContent = sentence;
  problem.hidden = false;
}

window.ganBook = { obstacle: obstacle(), showProblem: showProblem };
document.addEventListener("DOMContentLoaded", function () {
  if (window.ganBook.obstacle) showProblem(window.ganBook.obstacle);
});
