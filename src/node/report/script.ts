/** The page's script. Without it all snapshots stand side by side; with it one is chosen by a slider. */
export const SCRIPT = `
(() => {
  const table = document.querySelector('.samples');
  const controls = document.querySelector('.controls');
  if (!table || !controls) return;
  const slider = controls.querySelector('input');
  const label = controls.querySelector('output');
  const play = controls.querySelector('.play');
  const all = controls.querySelector('.all');
  const names = [];
  for (const cell of table.querySelectorAll('thead [data-snapshot]')) {
    names[cell.dataset.snapshot] = cell.firstElementChild.textContent;
  }
  let timer;

  const show = (index) => {
    slider.value = index;
    label.textContent = names[index];
    slider.setAttribute('aria-valuetext', names[index]);
    for (const cell of table.querySelectorAll('[data-snapshot]')) {
      cell.classList.toggle('shown', Number(cell.dataset.snapshot) === index);
    }
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    play.textContent = 'Play';
  };
  const showAll = (on) => {
    table.classList.toggle('one', !on);
    all.setAttribute('aria-pressed', on);
    slider.disabled = play.disabled = on;
    if (on) stop();
  };

  slider.addEventListener('input', () => { stop(); show(Number(slider.value)); });
  all.addEventListener('click', () => showAll(table.classList.contains('one')));
  play.addEventListener('click', () => {
    if (timer !== undefined) return stop();
    play.textContent = 'Stop';
    let index = Number(slider.value) === names.length - 1 ? 0 : Number(slider.value);
    show(index);
    timer = setInterval(() => {
      index++;
      show(index);
      if (index === names.length - 1) stop();
    }, 700);
  });
  controls.hidden = false;
  showAll(false);
  show(names.length - 1);
})();
`;
