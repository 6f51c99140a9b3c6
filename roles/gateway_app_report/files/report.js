"use strict";
(function () {
  var table = document.getElementById("list");
  if (!table) return;
  var body = table.tBodies[0], order = document.getElementById("sort-order");
  var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
  var words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  function key(row, column) { return row.cells[column].getAttribute("data-key") || ""; }
  function sort(column) {
    var head = heads[column], down = head.getAttribute("aria-sort") === "ascending";
    var rows = Array.prototype.map.call(body.rows, function (row, place) { return [key(row, column), place, row]; });
    rows.sort(function (a, b) {
      if (a[0] === "" || b[0] === "") return (a[0] === "") - (b[0] === "") || a[1] - b[1];
      return (down ? -1 : 1) * words.compare(a[0], b[0]) || a[1] - b[1];
    });
    var sorted = document.createDocumentFragment();
    rows.forEach(function (entry) { sorted.appendChild(entry[2]); });
    body.appendChild(sorted);
    heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    order.textContent = "Sorted by " + head.textContent + (down ? ", descending" : ", ascending");
  }
  table.classList.add("sortable");
  heads.forEach(function (head, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", function () { sort(column); });
    head.textContent = "";
    head.appendChild(button);
  });
})();
