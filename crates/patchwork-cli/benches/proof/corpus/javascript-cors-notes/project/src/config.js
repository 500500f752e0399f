/** The sites of ours. */
export const SITES = ['https://notes.example.com', 'https://admin.example.com', 'http://localhost:5173'];

export const PORT = 8080;
