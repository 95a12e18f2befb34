export async function handler(event) { return "sub " + event.n; }
