// Where the user's caches lie on each system.
import os from 'node:os';
import path from 'node:path';

/** isheep's folder among the user's caches; it need not exist. XDG_CACHE_HOME moves it on Linux. */
export function cacheFolder(): string {
  return path.join(userCaches(), 'isheep');
}

function userCaches(): string {
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Caches');
  if (process.platform === 'win32') return process.env.LOCALAPPDATA ?? path.join(os.homedir(), 'AppData', 'Local');
  return process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
}
