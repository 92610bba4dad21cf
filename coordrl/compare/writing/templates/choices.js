// Choosing what is shown.

function select(group) {
  state.group = group;
  element("game").value = group.game;
  element("title").textContent = group.title;
  for (const input of document.querySelectorAll('input[name="algorithm"]')) {
    input.disabled = !find(group.game, input.value);
    input.checked = input.value === group.algorithm;
  }
  for (const button of document.querySelectorAll(".small")) {
    const shown = data.groups[button.dataset.group];
    button.hidden = !oneGame && shown.algorithm !== group.algorithm;
    button.setAttribute("aria-pressed", String(shown === group));
  }
  drawAll();
}

function find(game, algorithm) {
  return data.groups.find((group) => group.game === game && group.algorithm === algorithm);
}

function choose(game, algorithm) {
  select(find(game, algorithm) || data.groups.find((group) => group.game === game));
}

function step(by) {
  const options = element("game").options;
  const next = (element("game").selectedIndex + by + options.length) % options.length;
  choose(options[next].value, state.group.algorithm);
}

function offerAxes() {
  const possible = {
    timesteps: true,
    frames: state.group.frames !== null,
    // An arm and the baseline are at the same timestep at different times.
    hours: state.view === "return" && state.group.arms.every((arm) => arm.hours !== null),
  };
  if (!possible[state.axis]) state.axis = "timesteps";
  for (const input of document.querySelectorAll('input[name="axis"]')) {
    input.disabled = !possible[input.value];
    input.checked = input.value === state.axis;
  }
}

function drawAll() {
  offerAxes();
  drawCurves();
  drawScores();
  drawCaveats();
}

function onChange(name, act) {
  for (const input of document.querySelectorAll(`input[name="${name}"]`)) {
    input.addEventListener("change", () => act(input));
  }
}

function listen() {
  element("game").addEventListener("change", (event) => choose(event.target.value, state.group.algorithm));
  element("previous").addEventListener("click", () => step(-1));
  element("next").addEventListener("click", () => step(1));
  onChange("algorithm", (input) => choose(state.group.game, input.value));
  for (const name of ["view", "axis"]) {
    onChange(name, (input) => {
      state[name] = input.value;
      drawAll();
    });
  }
  for (const name of ["seeds", "bands"]) {
    onChange(name, (input) => {
      state[name] = input.checked;
      drawCurves();
    });
  }
  onChange("arm", (input) => {
    if (input.checked) state.hidden.delete(input.value);
    else state.hidden.add(input.value);
    drawAll();
    drawOverview();
  });
  for (const button of document.querySelectorAll("button[data-game]")) {
    button.addEventListener("click", () => {
      choose(button.dataset.game, button.dataset.algorithm);
      element("learning-curves").scrollIntoView();
    });
  }
}
