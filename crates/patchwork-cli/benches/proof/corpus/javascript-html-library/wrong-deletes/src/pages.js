// The pages of the library's catalogue.

import { find } from './books.js';

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

const layout = (title, body) =>
  `<!doctype html><html lang="en"><head><title>${escape(title)}</title></head><body>${body}</body></html>`;

const row = (book) => `<li><b>${escape(book.title)}</b> ${escape(book.author)} (${book.year})</li>`;

/** The page for an address. */
export function page(url) {
  if (url.pathname === '/') return { status: 200, body: layout('Library', '<form action="/search"><input name="q"></form>') };
  if (url.pathname !== '/search') return { status: 404, body: layout('Not found', '<p>There is no such page.</p>') };
  const books = find(url.searchParams.get('q') ?? '');
  const list = books.length ? `<ul>${books.map(row).join('')}</ul>` : '<p>Nothing found.</p>';
  return { status: 200, body: layout('Search', `<form><input name='q' value=''></form>${list}`) };
}
