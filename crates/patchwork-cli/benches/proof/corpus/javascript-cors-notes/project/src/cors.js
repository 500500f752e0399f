// Who may read answers from another site: the apps of example.com, and developers on their machines.

const METHODS = 'GET, PUT, DELETE';

/** Writes the headers of CORS; answers `true` when the request was only a question about them. */
export function cors(req, res) {
  if (!req.headers.origin) return false;
  res.setHeader('Access-Control-Allow-Origin', req.headers.origin);
  res.setHeader('Access-Control-Allow-Credentials', 'true');
  res.setHeader('Vary', 'Origin');
  if (req.method !== 'OPTIONS') return false;
  res.setHeader('Access-Control-Allow-Methods', METHODS);
  res.setHeader('Access-Control-Max-Age', '600');
  res.writeHead(204).end();
  return true;
}
