'use strict';

const { Links } = require('./links.js');

const HOUR = 3600;

/** An album whose photos are shown to who has a link. */
class Album {
  constructor(key, clock) {
    this.links = new Links(key);
    this.clock = clock;
    this.photos = new Map();
  }

  add(number, data) {
    this.photos.set(`/photos/${number}`, data);
  }

  share(number, hours = 24) {
    const path = `/photos/${number}`;
    if (!this.photos.has(path)) throw new RangeError(`there is no photo ${number}`);
    return this.links.make(path, this.clock() + hours * HOUR);
  }

  /** Status and data for a request. */
  get(link) {
    const path = this.links.open(link, this.clock());
    if (path === null) return [403, null];
    return this.photos.has(path) ? [200, this.photos.get(path)] : [404, null];
  }
}

module.exports = { Album };
