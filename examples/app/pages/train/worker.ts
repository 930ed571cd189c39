/** Makes a worker that trains; the page says where its program lies, whose name has the hash of what is in it where the site is built. */
export function trainWorker(): Worker {
  const { href } = document.querySelector<HTMLLinkElement>('link[rel="train-worker"]')!;
  return new Worker(href, { type: 'module', name: 'shadegrad training' });
}
