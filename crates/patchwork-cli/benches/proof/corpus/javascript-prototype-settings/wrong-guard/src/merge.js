function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Puts what a change says into settings, level by level; `null` takes a setting away. */
export function merge(settings, change) {
  for (const key of Object.keys(change)) {
    if (key === '__proto__') continue;
    if (isObject(change[key])) {
      if (!settings[key]) settings[key] = {};
      merge(settings[key], change[key]);
    } else if (change[key] === null) {
      delete settings[key];
    } else {
      settings[key] = change[key];
    }
  }
  return settings;
}
