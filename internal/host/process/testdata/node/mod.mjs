export const handler = async (event) => ({ esm: import.meta.url.startsWith("file:"), ...event });
