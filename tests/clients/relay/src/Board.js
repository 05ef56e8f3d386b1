// What relay-compiler reads; it is never run. A board as React components would declare it, piece by piece.
const { graphql } = require("relay-runtime");

module.exports = [
  graphql`
    query BoardQuery {
      viewer {
        organization {
          name
        }
      }
      ...Board_tenants
    }
  `,
  graphql`
    fragment Board_tenants on Query
    @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" })
    @refetchable(queryName: "BoardTenantsPaginationQuery") {
      tenants(first: $first, after: $after) @connection(key: "Board_tenants") {
        edges {
          node {
            id
            name
            ...Board_kpis
          }
        }
      }
    }
  `,
  graphql`
    fragment Board_kpis on Tenant
    @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" })
    @refetchable(queryName: "BoardKpisPaginationQuery") {
      name
      kpis(first: $first, after: $after) @connection(key: "Board_kpis") {
        __id
        edges {
          node {
            id
            metricKey
            ...Board_kpi
          }
        }
      }
    }
  `,
  graphql`
    fragment Board_kpi on Kpi
    @argumentDefinitions(period: { type: "PeriodName", defaultValue: LAST_MONTH })
    @refetchable(queryName: "BoardKpiRefetchQuery") {
      name
      value(period: $period) {
        value
        n
        nullReason
        period {
          grain
        }
      }
    }
  `,
  graphql`
    query BoardNodeQuery($id: ID!) {
      node(id: $id) {
        __typename
        id
        ... on Tenant {
          name
        }
      }
      viewer {
        clientId
      }
    }
  `,
  graphql`
    mutation BoardAdoptMutation($input: KpiCreateInput!, $connections: [ID!]!) {
      kpiCreate(input: $input) {
        kpi @appendNode(connections: $connections, edgeTypeName: "KpiEdge") {
          id
          metricKey
          ...Board_kpi
        }
        userErrors {
          field
          code
        }
      }
    }
  `,
];
