export const profilePath = (name: string): string => `/models/profiles/${encodeURIComponent(name)}`;
