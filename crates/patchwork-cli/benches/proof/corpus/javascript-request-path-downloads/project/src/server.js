'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { typeOf } = require('./types.js');

/** A server that answers the files below a folder: `GET /releases/tool-1.0.txt`. */
function serve(root) {
  return http.createServer((req, res) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return refuse(res, 405);
    let file;
    try {
      file = path.join(root, decodeURIComponent(req.url.split('?')[0]));
    } catch {
      return refuse(res, 400);
    }
    fs.stat(file, (error, found) => {
      if (error || !found.isFile()) return refuse(res, 404);
      const name = path.basename(file);
      res.writeHead(200, {
        'Content-Type': typeOf(name),
        'Content-Length': found.size,
        'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
      });
      if (req.method === 'HEAD') return res.end();
      fs.createReadStream(file).on('error', () => res.destroy()).pipe(res);
    });
  });
}

function refuse(res, status) {
  res.writeHead(status, { 'Content-Type': 'text/plain' });
  res.end(`${http.STATUS_CODES[status]}\n`);
}

module.exports = { serve };
