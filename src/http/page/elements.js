// Elements are made, never parsed: keys and errors are what clients made up.

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** The element of the page with that id. */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * A table, whose rows are cards on a narrow screen unless another class is given.
 * @param {{ title: string, kind?: 'number' | 'key' }[]} columns
 * @param {(Node | string)[][]} rows
 * @param {string} kind
 */
export function table(columns, rows, kind = 'cards') {
  const head = columns.map((column) =>
    element('th', { scope: 'col', class: column.kind ?? '' }, column.title),
  );
  const body = rows.map((cells) =>
    element(
      'tr',
      {},
      ...cells.map((cell, i) =>
        element('td', { class: columns[i].kind ?? '', 'data-title': columns[i].title }, cell),
      ),
    ),
  );
  return element(
    'table',
    { class: kind },
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...body),
  );
}

/** What stands where there is nothing to show. */
export function nothing(text, ...more) {
  return element('div', { class: 'card quiet' }, text, ...more);
}
