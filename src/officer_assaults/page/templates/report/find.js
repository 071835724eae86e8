(function () {
  var box = document.getElementById("q"), told = document.getElementById("found");
  var rows = Array.prototype.slice.call(document.querySelectorAll(".found li"));
  var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
  function search() {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    rows.forEach(function (row, at) {
      var hit = words.every(function (word) { return texts[at].indexOf(word) !== -1; });
      row.hidden = !hit;
      if (hit) { shown += 1; }
    });
    told.textContent = shown === 1 ? "1 page." : shown + " pages.";
  }
  box.disabled = false;
  box.addEventListener("input", search);
})();
