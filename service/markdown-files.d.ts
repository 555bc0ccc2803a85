// A text imported `with { type: "text" }` is its content.
declare module "*.md" {
  const text: string;
  export default text;
}
