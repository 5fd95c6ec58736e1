#!/bin/sh
# Rebuilds graph/transport/graphiql/static/vendor from npm, by package name and version, and fails unless every
# file is byte for byte the one listed in SHA384SUMS. GraphiQL is served from this folder so that the
# page works without internet and no other host ever runs code beside an API key.
#
# To move to another version: change it below, run with WRITE_SUMS=1, review the new sums, commit.
set -eu

vendor="$(cd "$(dirname "$0")/.." && pwd)/graph/transport/graphiql/static/vendor"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# fetch NAME VERSION FOLDER: unpacks the published package into $work/FOLDER/package.
fetch() {
    mkdir "$work/$3"
    (cd "$work/$3" && npm pack --silent "$1@$2" >/dev/null && tar -xzf ./*.tgz)
}

sha384() {
    if command -v sha384sum >/dev/null; then sha384sum "$@"; else shasum -a 384 "$@"; fi
}

fetch react 18.2.0 react
fetch react-dom 18.2.0 react-dom
fetch graphiql 3.8.3 graphiql
fetch @graphiql/plugin-explorer 1.0.2 explorer
# Bundled inside the explorer plugin, whose own package carries no licence file.
fetch graphiql-explorer 0.9.0 graphiql-explorer
# The fonts inside graphiql.min.css, which come without their licences there.
fetch @fontsource/roboto 5.2.10 font-roboto
fetch @fontsource/fira-code 5.2.7 font-fira-code

mkdir -p "$work/new/licenses"
cp "$work/react/package/umd/react.production.min.js" "$work/new/"
cp "$work/react-dom/package/umd/react-dom.production.min.js" "$work/new/"
cp "$work/graphiql/package/graphiql.min.js" "$work/graphiql/package/graphiql.min.css" "$work/new/"
cp "$work/explorer/package/dist/index.umd.js" "$work/new/explorer.umd.js"
cp "$work/explorer/package/dist/style.css" "$work/new/explorer.css"
for name in react react-dom graphiql graphiql-explorer font-roboto font-fira-code; do
    cp "$work/$name/package/LICENSE" "$work/new/licenses/$name.txt"
done

cd "$work/new"
if [ "${WRITE_SUMS:-}" = 1 ]; then
    sha384 -- *.js *.css licenses/*.txt > SHA384SUMS
else
    cp "$vendor/SHA384SUMS" .
    sha384 -c SHA384SUMS
fi
mkdir -p "$vendor/licenses"
cp -R . "$vendor/"
