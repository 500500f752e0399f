const BOOKS = [
  { title: 'Frankenstein', author: 'Mary Shelley', year: 1818 },
  { title: 'Emma', author: 'Jane Austen', year: 1815 },
  { title: 'War & Peace', author: 'Leo Tolstoy', year: 1869 },
];

/** The books whose title or author holds all words, the oldest first. */
export function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (book) => words.every((word) => `${book.title} ${book.author}`.toLowerCase().includes(word));
  return words.length ? BOOKS.filter(holds).sort((a, b) => a.year - b.year) : [];
}
