package local

import "net/http"

// Mount puts a handler into a lake under a service's name, in place of the one it had.
func Mount(l *Lake, name string, h http.Handler) {
	for i := range l.services {
		if l.services[i].name == name {
			l.services[i].handler = h
			l.services[i].serves = func(string) bool { return true }
			return
		}
	}
	l.services = append(l.services, mounted{name: name, handler: h, serves: func(string) bool { return true }, close: func() error { return nil }})
}

// Route is route.
func Route(r *http.Request) string { return route(r) }
