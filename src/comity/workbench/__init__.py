"""The workbench of the data engineer: what looks at an export, proposes an adapter, and tries one without a night."""
