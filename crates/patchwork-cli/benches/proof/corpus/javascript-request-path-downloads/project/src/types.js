'use strict';

const TYPES = { '.txt': 'text/plain; charset=utf-8', '.json': 'application/json', '.zip': 'application/zip' };

/** The media type of a file, by its name. */
function typeOf(name) {
  const dot = name.lastIndexOf('.');
  return TYPES[dot < 1 ? '' : name.slice(dot).toLowerCase()] ?? 'application/octet-stream';
}

module.exports = { typeOf };
