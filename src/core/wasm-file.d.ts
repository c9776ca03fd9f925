/** What importing a .wasm file yields in the runtimes that allow it. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
