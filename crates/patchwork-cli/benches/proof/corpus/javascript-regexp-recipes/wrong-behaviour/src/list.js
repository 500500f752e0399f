'use strict';

const PAGE = 10;

/** The recipes that a request asks for: `?filter=soup&page=2`, with the found text marked. */
function list(recipes, url) {
  const page = Number(url.searchParams.get('page') ?? 1);
  const wanted = url.searchParams.get('filter') ?? '';
  const found = recipes.filter((recipe) => recipe.title.includes(wanted));
  const items = found.slice((page - 1) * PAGE, page * PAGE);
  return {
    total: found.length,
    items: items.map((recipe) => ({ ...recipe, marked: recipe.title.replace(wanted, (text) => text && `[${text}]`) })),
  };
}

module.exports = { list };
