(function () {
  var table = document.getElementById("table");
  if (!table) return;
  var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows);
  if (rows.length > 5) {
    var box = document.createElement("input");
    box.type = "search";
    box.placeholder = "Find a column";
    box.setAttribute("aria-label", "Find a column");
    box.className = "find";
    box.addEventListener("input", function () {
      var wanted = box.value.toLowerCase();
      rows.forEach(function (row) { row.hidden = row.cells[0].textContent.toLowerCase().indexOf(wanted) < 0; });
    });
    table.parentNode.parentNode.insertBefore(box, table.parentNode);
  }
  function key(row, place) {
    var cell = row.cells[place];
    if (!cell) return "";
    var figure = cell.querySelector("data");
    var text = cell.dataset.sort || (figure && figure.getAttribute("value")) || cell.textContent.trim();
    return text === "" || isNaN(text) ? text.toLowerCase() : Math.abs(Number(text));
  }
  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, place) {
    if (place > 4) return;
    var button = document.createElement("button");
    button.type = "button";
    while (head.firstChild) button.appendChild(head.firstChild);
    head.appendChild(button);
    button.addEventListener("click", function () {
      var down = head.getAttribute("aria-sort") !== "descending";
      Array.prototype.forEach.call(table.tHead.rows[0].cells, function (one) { one.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.slice().sort(function (a, b) {
        var x = key(a, place), y = key(b, place);
        var order = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? 1 : -1;
        return down ? -order : order;
      }).forEach(function (row) { body.appendChild(row); });
    });
  });
})();
