import http from 'node:http';

import { SITES } from './config.js';
import { cors } from './cors.js';

/** The notes of visitors, told apart by a cookie. */
export function serve(notes = new Map()) {
  return http.createServer(async (req, res) => {
    if (cors(req, res)) return;
    if (req.url === '/sites') return answer(res, 200, SITES);
    const visitor = /(?:^|;\s*)visitor=(\w+)/.exec(req.headers.cookie ?? '')?.[1];
    if (!visitor) return answer(res, 401, { error: 'who are you?' });
    if (req.method === 'PUT') {
      let text = '';
      for await (const part of req) text += part;
      notes.set(visitor, text);
    } else if (req.method === 'DELETE') {
      notes.delete(visitor);
    }
    answer(res, 200, { note: notes.get(visitor) ?? '' });
  });
}

function answer(res, status, body) {
  res.writeHead(status, { 'Content-Type': 'application/json' });
  res.end(JSON.stringify(body));
}
