export { freePort, isPortFree } from '#common/servers/free-port';
