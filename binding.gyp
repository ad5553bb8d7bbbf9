# A shim: `node-gyp rebuild` runs the same build as `npm install`. The real description is native/CMakeLists.txt.
# (node-gyp empties build/ first, so a rebuild through it starts from nothing.)
{
  'targets': [
    {
      'target_name': 'isheep',
      'type': 'none',
      'actions': [
        {
          'action_name': 'build the native addon with CMake',
          'inputs': ['scripts/build-native.mjs'],
          'outputs': ['<(INTERMEDIATE_DIR)/always'],
          'action': ['node', 'scripts/build-native.mjs', '--verbose'],
        },
      ],
    },
  ],
}
