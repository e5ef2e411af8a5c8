(() => {
  const rows = [...document.querySelectorAll("tr[data-verdict]")];
  const search = document.getElementById("search");
  const level = document.getElementById("level");
  const evidence = document.getElementById("evidence");
  const shown = document.getElementById("shown");
  const verdicts = [...document.querySelectorAll("input[name=verdict]")];
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(verdicts.filter((v) => v.checked).map((v) => v.value));
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = words.every((w) => text.includes(w)) && wanted.has(row.dataset.verdict) &&
        (!level.value || row.dataset.level === level.value) && (!evidence.value || row.dataset.evidence === evidence.value);
      row.hidden = !fits;
      count += fits ? 1 : 0;
    }
    for (const theme of document.querySelectorAll("tbody[data-theme]")) {
      theme.hidden = ![...theme.querySelectorAll("tr[data-verdict]")].some((r) => !r.hidden);
    }
    shown.textContent = `${count} of ${rows.length} rules`;
  };
  if (search) {
    document.querySelector(".filters").hidden = false;
    for (const e of [search, level, evidence, ...verdicts]) e.addEventListener("input", filter);
    document.addEventListener("keydown", (e) => {
      if (e.key === "/" && document.activeElement.tagName !== "INPUT") { e.preventDefault(); search.focus(); }
    });
    filter();
  }
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy).textContent;
      let copied = true;
      try { await navigator.clipboard.writeText(text); }
      catch {
        const area = document.createElement("textarea");
        area.value = text; document.body.append(area); area.select(); copied = document.execCommand("copy"); area.remove(); button.focus();
      }
      button.textContent = copied ? "Copied" : "Not copied";
      button.setAttribute("aria-label", `${button.textContent}: ${button.dataset.what}`);
    });
  }
})();
