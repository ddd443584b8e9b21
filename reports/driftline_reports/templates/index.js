(() => {
  const form = document.getElementById("filter"), lines = [...document.querySelectorAll("li[data-owner]")];
  const fill = (select, values) => [...new Set(values)].filter(Boolean).forEach(value => select.add(new Option(value, value)));
  fill(form.owner, lines.map(line => line.dataset.owner).sort());
  fill(form.level, lines.map(line => line.closest("section").dataset.level));
  const show = () => {
    let shown = 0;
    for (const line of lines) {
      const section = line.closest("section");
      line.hidden = !((!form.owner.value || line.dataset.owner === form.owner.value)
        && (!form.level.value || section.dataset.level === form.level.value));
      shown += !line.hidden;
    }
    for (const section of document.querySelectorAll("section[data-level]"))
      section.hidden = ![...section.querySelectorAll("li")].some(line => !line.hidden);
    form.querySelector("output").textContent = shown === lines.length ? "" : `${shown} of ${lines.length}`;
  };
  form.addEventListener("change", show);
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  show();
})();
