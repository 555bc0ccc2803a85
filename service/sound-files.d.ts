// A sound imported `with { type: "file" }` is its path.
declare module "*.wav" {
  const path: string;
  export default path;
}
