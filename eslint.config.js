// The rules that need types and that Biome does not find: promises nobody waits for, cases a
// switch forgets, any. Formatting and plain lint are Biome's.
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", "gen", "build", "dsp", "**/*.js"] },
  {
    files: ["**/*.ts"],
    plugins: { "@typescript-eslint": tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/no-deprecated": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-unsafe-argument": "error",
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    // Tests read what they made themselves; an any from JSON.parse there hides nothing.
    files: ["tests/**", "bench/**", "examples/**"],
    rules: { "@typescript-eslint/no-unsafe-argument": "off" },
  },
);
