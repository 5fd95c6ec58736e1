"""What every resolver may use: context, ids, loaders, pagination, permissions, errors."""
