import http from 'node:http';

import { page } from './pages.js';

export function serve() {
  return http.createServer((req, res) => {
    const { status, body } = page(new URL(req.url, 'http://library.example'));
    res.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' });
    res.end(body);
  });
}
