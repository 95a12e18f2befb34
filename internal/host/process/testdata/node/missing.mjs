import nothing from "no-such-thing"; export const handler = nothing;
