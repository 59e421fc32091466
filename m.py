import numpy as np, timeit, itertools, contextvars, threading
class N:
    __slots__=('p','par','res','num','shape','dtype')
    def __init__(s,p,par,res,num,shape,dtype):
        s.p=p;s.par=par;s.res=res;s.num=num;s.shape=shape;s.dtype=dtype
class N4:
    __slots__=('p','par','res','num')
    def __init__(s,p,par,res,num):
        s.p=p;s.par=par;s.res=res;s.num=num
class T:
    __slots__=('value','node','_grad','__weakref__')
    def __init__(s,value,node): s.value=value;s.node=node
a=np.ones(4,np.float32); b=np.ones(4,np.float32); s=np.float64(2.)
new=object.__new__
mul=np.multiply
nxt=itertools.count().__next__
cv=contextvars.ContextVar('r',default=True); get=cv.get
tl=threading.local(); tl.r=True
t=T(a,None)
def mknew(a=a,new=new):
    t=new(T); t.value=a; t.node=None
    return t
def mkN(new=new):
    n=new(N); n.p=1;n.par=2;n.res=3;n.num=4;n.shape=5;n.dtype=6
    return n
ND=np.ndarray
for name,st in dict(mul='mul(a,b)',mulop='a*b',smul='s*s',npsmul='mul(s,s)',shape='a.shape',dtype='a.dtype',ndim='a.ndim',size='a.size',Tinit='T(a,None)',Tnew='mknew()',Ninit='N(1,2,3,4,5,6)',N4init='N4(1,2,3,4)',Nnew='mkN()',nxt='nxt()',get='get()',tl='tl.r',typ='type(a) is ND',isi='isinstance(t,T)',tup='(t,t)',sin='np.sin(a)',npass='None', lst='[t,t,t,a,a,a]').items():
    print(name, min(timeit.repeat(st,globals=globals(),number=200000,repeat=5))/200000*1e9)
