package plan

// Key names an object in the store, below the destination's prefix. It is no path: a path names a file of the watched directory,
// and which object a playlist means by it is decided here and nowhere else.
type Key string

// Under returns the key as the store knows it, below that prefix, which ends with a slash unless it is empty.
func (k Key) Under(prefix string) string { return prefix + string(k) }

// keyOf returns the key under which the file of that path is stored.
func keyOf(path string) Key { return Key(path) }

// keyLength returns how long the key of that path is.
func keyLength(path []byte) int { return len(path) }

// pathOf returns the path of the file that is stored under k.
func pathOf(k Key) string { return string(k) }
