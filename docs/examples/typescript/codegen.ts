import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../../api/schema.graphql", // or the address of /graphql, with a token in its headers
  documents: ["*.ts", "!codegen.ts"],
  generates: {
    "./gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: "string",
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars: { Date: "string", DateTime: "string", Decimal: "string" },
      },
    },
  },
  importExtension: ".ts",
};

export default config;
